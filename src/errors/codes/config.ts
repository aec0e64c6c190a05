/** Errors in configuration and command lines. */
export const CONFIG_CODES = {
  CONFIG_UNKNOWN_KEY: {
    family: 'user',
    title: 'unknown configuration key',
    why: 'a key in the configuration file, the environment or an address is not known, so its value would be ignored silently',
    fix: 'correct the spelling; the message names the nearest known key',
  },
  CONFIG_BAD_VALUE: {
    family: 'user',
    title: 'configuration value refused',
    why: 'the value has the wrong type or lies outside its range',
    fix: 'give a value of the type and range that the message states',
  },
  CONFIG_UNREADABLE: {
    family: 'user',
    title: 'configuration file cannot be read',
    why: 'the file is missing, not readable, or no valid YAML',
    fix: 'check the path and permissions, or mend the line that the message shows',
  },
  CONFIG_BAD_ADDRESS: {
    family: 'user',
    title: 'address not understood',
    why: 'an input or output address does not follow protocol[+transport]://host:port/path?option=value',
    fix: 'write the address in that form; flint run --help shows examples',
  },
  CONFIG_BAD_USAGE: {
    family: 'user',
    title: 'wrong command line',
    why: 'a command, option or argument is unknown or missing',
    fix: 'see flint <command> --help',
  },
} as const;
