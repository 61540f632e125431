// The image's health check: 0 when the watchdog says that the engine lives, 1 when it says not or nobody answers.
// Not /health/ready: an engine that waits for Redis or PostgreSQL is not helped by a restart.

const url = `http://127.0.0.1:${process.env.HEALTH_PORT}/health/live`;
try {
  const { ok } = await fetch(url, { signal: AbortSignal.timeout(2_500) });
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  console.error(`${url}: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
