/** Errors of the HTTP server. */
export const SERVER_CODES = {
  SERVER_TOKEN_NEEDED: {
    family: 'user',
    title: 'HTTP server off loopback without a token',
    why: 'the HTTP address can be reached from other machines and no token is configured, so anybody could read alerts',
    fix: 'let http.token name the variable or file that holds a token of at least 16 characters, or listen on 127.0.0.1',
  },
  SERVER_TOKEN_WEAK: {
    family: 'user',
    title: 'HTTP token too short',
    why: 'a token of less than 16 characters can be guessed',
    fix: 'use at least 16 random characters, for example from openssl rand -hex 24',
  },
  SERVER_PAGE_MISSING: {
    family: 'us',
    title: 'files of the status page are missing',
    why: 'the build that should have put them beside the server is incomplete',
    fix: 'run npm run build again; if it persists, report it',
  },
} as const;
