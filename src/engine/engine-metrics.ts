// What one engine counts and times.

import { Metrics } from '../observe/metrics.js';

export class EngineMetrics {
  readonly registry = new Metrics();
  readonly commitMs = this.registry.histogram(
    'millrace_commit_ms',
    'From sending a commit to its durable answer, milliseconds',
  );
  readonly instanceMs = this.registry.histogram(
    'millrace_instance_ms',
    'From submit to the end of an instance, milliseconds',
  );
  readonly houseMs = this.registry.histogram(
    'millrace_house_ms',
    'Longest step of a round of housekeeping, milliseconds',
  );
  readonly submitted = this.registry.counter('millrace_submitted_total', 'Instances submitted and durable');
  readonly finished = this.registry.counter('millrace_finished_total', 'Instances finished');
  readonly removed = this.registry.counter('millrace_removed_total', 'Instances removed');
  readonly failed = this.registry.counter('millrace_failed_total', 'Times an instance came to stand FAILED');
  readonly retried = this.registry.counter('millrace_retried_total', 'Transactions to be tried again after an error');
  readonly ready = this.registry.gauge('millrace_ready', 'Instances ready to be claimed, when this was read');
  readonly delayed = this.registry.gauge('millrace_delayed', 'Instances that wait for their time, when this was read');
  readonly claimed = this.registry.gauge('millrace_claimed', 'Instances claimed, when this was read');
  readonly auditEvents = this.registry.counter(
    'millrace_audit_events_total',
    'Audit events recorded, but for those of the watchdog',
  );
  readonly commitsRefused = this.registry.counter(
    'millrace_commits_refused_total',
    'Commits decided again: something came in between',
  );
  readonly threadsLost = this.registry.counter('millrace_threads_lost_total', 'Worker threads ended or died');
}
