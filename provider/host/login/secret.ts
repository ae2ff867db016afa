import { inspect } from "node:util";

const shown = "[secret]";

/**
 * A text that must not be printed. Whatever an error, a log or a JSON text does with it, it reads
 * "[secret]"; only who asks for it by name gets it, and that is the login.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}
