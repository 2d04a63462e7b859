/** The two ends of a new channel between contexts. Not a way to give way: that is `messageChannelMacrotask`. */
export function portPair(): readonly [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel();
  return [port1, port2];
}
