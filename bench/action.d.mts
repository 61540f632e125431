// Types of action.mjs.
import type { FilmRecord } from './records.js';

export function score(record: FilmRecord): number;
export function scoreLater(record: FilmRecord, waitMs: number): Promise<number>;
export function refuse(record: FilmRecord): never;
export function callScore(variables: { record: FilmRecord }): number;
export function callScoreLater(variables: { record: FilmRecord; waitMs: number }): Promise<number>;
export function callRefuse(variables: { record: FilmRecord }): never;
export function callTurn(
  variables: { record: FilmRecord; turn?: number },
  context: { set(name: string, value: unknown): void },
): number;
