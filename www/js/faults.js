// What went wrong, in words for the person who waits. Keyed by the stable `code` of a problem
// document, then by its status.
const BY_CODE = {
  wrong_credentials: 'These do not go together. Check the number or address, and the password.',
  wrong_code: 'That code is not right, or it has run out. Check it, or ask for a new one.',
  outcome_unknown: 'The server could not tell whether that was saved. Try again.',
  storage_full: 'The server has no room left to save that.',
};

const BY_STATUS = {
  0: 'The server cannot be reached. Check your connection.',
  401: 'Please sign in again.',
  403: 'You may not do that.',
  404: 'That does not exist, or is not yours to see.',
  413: 'That is too big.',
  415: 'That kind of file cannot be used.',
  503: 'The server is busy right now. Try again in a moment.',
  507: 'The server has no room left to save that.',
};

function sayWait(seconds) {
  if (seconds < 90) return `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return `${hours} ${hours === 1 ? 'hour' : 'hours'}`;
}

export function sayFault(status, problem, retryAfterS) {
  if (status === 429) {
    return retryAfterS > 0
      ? `That was tried too often. Wait ${sayWait(retryAfterS)} and try again.`
      : 'That was tried too often. Wait a little and try again.';
  }
  return BY_CODE[problem.code] ?? BY_STATUS[status] ?? problem.detail ?? problem.title
    ?? 'Something went wrong. Try again.';
}
