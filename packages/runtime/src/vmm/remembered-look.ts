/**
 * A look at the host whose answer serves for as long as what it was about stays the same. One look serves
 * however many ask meanwhile. Owned by a driver, which asks before every launch.
 */

export interface RememberedLook<Answer> {
  /** @param about what the answer hangs on: with another one the host is looked at again */
  readonly answer: (about: string) => Promise<Answer>;
  /** The next to ask has the host looked at again. */
  readonly forget: () => void;
}

/** @param serves whether an answer may be remembered: what made a host unusable may be mended meanwhile */
export function rememberLook<Answer>(
  look: () => Promise<Answer>,
  serves: (answer: Answer) => boolean,
): RememberedLook<Answer> {
  let known: { readonly about: string; readonly answer: Promise<Answer> } | null = null;
  return {
    answer(about) {
      if (known?.about === about) return known.answer;
      const looked = { about, answer: look() };
      known = looked;
      const forget = (): void => {
        if (known === looked) known = null;
      };
      looked.answer.then((answer) => (serves(answer) ? undefined : forget()), forget);
      return looked.answer;
    },
    forget() {
      known = null;
    },
  };
}
