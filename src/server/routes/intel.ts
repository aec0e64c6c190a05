/**
 * `GET /api/intel`: what the running service knows of a value (`?value=`), as `flint intel lookup` answers; or the indicators whose
 * value begins with a text (`?prefix=`, `limit` 1 to 1,000). What is not understood is refused with the nearest known name.
 */
import { suggestion } from '../../errors/nearest.ts';
import type { Route } from '../route.ts';

const PARAMETERS = ['value', 'prefix', 'limit'];
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
/** Longer than any indicator. */
const MAX_TEXT = 20_000;

export const intelRoute: Route = {
  method: 'GET',
  path: '/api/intel',
  access: 'api',
  summary: 'what is known of a value, or of all that begin so; ?value=, ?prefix=, ?limit=',
  handle(request, reply, { view }) {
    const query = parseQuery(request.query as Readonly<Record<string, unknown>>);
    if ('error' in query) {
      reply.code(400);
      return query;
    }
    return query.kind === 'value' ? view.lookup(query.text) : view.search(query.text, query.limit);
  },
};

type IntelQuery =
  | { readonly kind: 'value' | 'prefix'; readonly text: string; readonly limit: number }
  | { readonly error: string };

function parseQuery(query: Readonly<Record<string, unknown>>): IntelQuery {
  for (const [name, value] of Object.entries(query)) {
    if (!PARAMETERS.includes(name)) return { error: `unknown parameter "${name}"${suggestion(name, PARAMETERS)}` };
    if (typeof value !== 'string') return { error: `parameter "${name}" is given more than once` };
  }
  const { value, prefix } = query as Readonly<Partial<Record<string, string>>>;
  const text = value ?? prefix;
  if ((value === undefined) === (prefix === undefined) || text === undefined)
    return { error: 'either value or prefix is needed' };
  const star = prefix === undefined ? text : text.replace(/\*$/, '');
  if (star.trim() === '' || star.length > MAX_TEXT) return { error: `a text of 1 to ${MAX_TEXT} characters is needed` };
  const limit = query['limit'] === undefined ? DEFAULT_LIMIT : Number(query['limit']);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    return { error: `limit "${String(query['limit'])}" is no whole number from 1 to ${MAX_LIMIT}` };
  return { kind: value === undefined ? 'prefix' : 'value', text: star, limit };
}
