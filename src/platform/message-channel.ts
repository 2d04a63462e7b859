/** Two ports of a new channel; what is posted to one arrives at the other. */
export function channelPorts(): readonly [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel();
  return [port1, port2];
}
