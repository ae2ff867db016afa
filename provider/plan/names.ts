/** The names that hosts and network interfaces may have. Each is decided by one pattern, wherever it comes from. */

/** A host's name becomes part of resource names and of file names on the host. */
export const hostNamePattern = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

/**
 * A Linux interface's name, up to 15 characters. The kernel accepts more characters than these; a shell or a
 * rule could read some of them in its own way.
 */
export const interfacePattern = /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}$/;
