/** Errors in Sigma rules. */
export const SIGMA_CODES = {
  SIGMA_BAD_YAML: {
    family: 'user',
    title: 'rule file is no valid YAML',
    why: 'the YAML parser refused the file',
    fix: 'correct the line that the message shows',
  },
} as const;
