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
  ENV_SMALL_RECEIVE_BUFFER: {
    family: 'environment',
    title: 'UDP receive buffer smaller than asked for',
    why: 'the operating system caps it; a short pause then loses datagrams',
    fix: 'raise the cap: sysctl -w net.core.rmem_max=8388608',
  },
  ENV_NO_SHARED_PORT: {
    family: 'environment',
    title: 'sockets cannot share a port',
    why: 'the operating system does not spread the datagrams of one port over several sockets (SO_REUSEPORT)',
    fix: 'nothing needs to be done: one thread receives, the others match; or set sockets: one on the input',
  },
  ENV_KERNEL_DROPS: {
    family: 'environment',
    title: 'the kernel dropped datagrams',
    why: 'they came faster than they were read while the receive buffer was full',
    fix: 'raise net.core.rmem_max and receive_buffer_bytes, or spread senders over several inputs',
  },
  ENV_OVERLOADED: {
    family: 'environment',
    title: 'records dropped because too many are waiting',
    why: 'matching or delivery is slower than the senders, and the protocol has no way to make them wait',
    fix: 'look at the outputs and their queues, raise limits.pending_bytes, or use TCP or HTTP',
  },
  ENV_TOO_MANY_CLIENTS: {
    family: 'environment',
    title: 'connection refused: too many clients',
    why: 'the input has max_connections clients already',
    fix: 'raise max_connections, or see who holds connections open',
  },
  ENV_CLIENT_GIVEN_UP: {
    family: 'environment',
    title: 'connection closed by flint',
    why: 'the client sent nothing for idle_seconds, held too much unfinished data, or broke the protocol',
    fix: 'look at the client; raise idle_seconds if it is right',
  },
  ENV_INTAKE_FAILED: {
    family: 'us',
    title: 'records could not be handed on',
    why: 'the engine refused a batch, which is a bug',
    fix: 'report it with the log lines around it',
  },
  ENV_SERVICE_SILENT: {
    family: 'environment',
    title: 'the running service does not answer',
    why: 'nobody listens at the address of its API, or it took longer than ten seconds',
    fix: 'start the service, or give the address of its API with --url',
  },
  ENV_RECORD_FAILED: {
    family: 'us',
    title: 'matching a record failed',
    why: 'the record brought a bug to light; it may have matches that were not found, other records are not concerned',
    fix: 'report it with the sample in the dead-letter file',
  },
} as const;
