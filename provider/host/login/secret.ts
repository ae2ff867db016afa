import { inspect } from "node:util";

const shown = "[secret]";

/**
 * A text that must not be printed. An error, a log or a JSON text shows "[secret]" in its place; only the login calls
 * `reveal()`.
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
