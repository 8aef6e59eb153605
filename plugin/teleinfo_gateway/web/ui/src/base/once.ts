/** Things that are not made twice. */

/** A function that is called again only with other arguments than the last ones. */
export function once<Arguments extends unknown[], Result>(
  make: (...given: Arguments) => Result,
): (...given: Arguments) => Result {
  let last: { given: Arguments; result: Result } | null = null;
  return (...given) => {
    if (!last || given.some((one, place) => one !== last?.given[place])) {
      last = { given, result: make(...given) };
    }
    return last.result;
  };
}

/** For a property that is made anew with each drawing: it has changed if its content has. */
export function otherContent(now: unknown, before: unknown): boolean {
  return JSON.stringify(now) !== JSON.stringify(before);
}
