/* How far a message of one's own has come, seen from the other's cursor. */
export function myTickState(seq, other) {
  if (other && other.read_seq >= seq) return 'read';
  if (other && other.delivered_seq >= seq) return 'delivered';
  return 'sent';
}
