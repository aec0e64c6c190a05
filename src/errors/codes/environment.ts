/** Errors of the surroundings: files, sockets, memory. */
export const ENVIRONMENT_CODES = {
  ENV_FILE_UNREADABLE: {
    family: 'environment',
    title: 'file cannot be read',
    why: 'the file is missing, a directory, or not readable by this user',
    fix: 'check the path and its permissions',
  },
  ENV_ADDRESS_IN_USE: {
    family: 'environment',
    title: 'address already in use',
    why: 'another program listens on the port',
    fix: 'stop the other program or choose another port',
  },
  ENV_CANNOT_LISTEN: {
    family: 'environment',
    title: 'cannot listen on the address',
    why: 'the operating system refused the address or port',
    fix: 'check that the address belongs to this machine; ports below 1024 need privileges',
  },
  ENV_DATA_DIR_BUSY: {
    family: 'environment',
    title: 'data directory has an owner',
    why: 'another flint process uses the same data directory',
    fix: 'stop the process that the message names, or give another data_dir',
  },
} as const;
