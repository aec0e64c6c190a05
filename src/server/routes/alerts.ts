/**
 * `GET /api/alerts`: recent alerts, newest first. `level` and `engine` take one or several names separated by commas, `limit` is 1
 * to 1,000. What is not understood is refused with the nearest known name, never ignored.
 */
import { ENGINES, LEVELS } from '../../core/level.ts';
import { suggestion } from '../../errors/nearest.ts';
import type { Route } from '../route.ts';

const PARAMETERS = ['level', 'engine', 'limit'];
const DEFAULT_LIMIT = 200;
const MAX_LIMIT = 1000;

export const alertsRoute: Route = {
  method: 'GET',
  path: '/api/alerts',
  access: 'api',
  summary: 'recent alerts, newest first; ?level=, ?engine=, ?limit=',
  handle(request, reply, { view }) {
    const query = parseQuery(request.query as Readonly<Record<string, unknown>>);
    if (typeof query === 'string') {
      reply.code(400);
      return { error: query };
    }
    const found: string[] = [];
    const kept = view.alerts.recent();
    for (let i = kept.length - 1; i >= 0 && found.length < query.limit; i--) {
      const item = kept[i];
      if (item === undefined || query.levels?.has(item.level) === false) continue;
      if (query.engines?.has(item.alert.flint.engine) === false) continue;
      found.push(item.json());
    }
    reply.type('application/json; charset=utf-8');
    const { instance, total } = view.alerts;
    return `{"instance":${JSON.stringify(instance)},"total":${total},"alerts":[${found.join(',')}]}`;
  },
};

interface AlertQuery {
  readonly levels: ReadonlySet<string> | undefined;
  readonly engines: ReadonlySet<string> | undefined;
  readonly limit: number;
}

/** The query, or what is wrong with it. */
function parseQuery(query: Readonly<Record<string, unknown>>): AlertQuery | string {
  for (const [name, value] of Object.entries(query)) {
    if (!PARAMETERS.includes(name)) return `unknown parameter "${name}"${suggestion(name, PARAMETERS)}`;
    if (typeof value !== 'string') return `parameter "${name}" is given more than once`;
  }
  const wrong = unknownName(query['level'], 'level', LEVELS) ?? unknownName(query['engine'], 'engine', ENGINES);
  if (wrong !== undefined) return wrong;
  const limit = query['limit'] === undefined ? DEFAULT_LIMIT : Number(query['limit']);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    return `limit "${String(query['limit'])}" is no whole number from 1 to ${MAX_LIMIT}`;
  }
  return { levels: namesIn(query['level']), engines: namesIn(query['engine']), limit };
}

function unknownName(value: unknown, what: string, known: readonly string[]): string | undefined {
  for (const name of namesIn(value) ?? []) {
    if (!known.includes(name)) return `unknown ${what} "${name}"${suggestion(name, known)}`;
  }
  return undefined;
}

function namesIn(value: unknown): ReadonlySet<string> | undefined {
  return typeof value === 'string' && value !== '' ? new Set(value.split(',')) : undefined;
}
