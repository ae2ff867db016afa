/** The docs of the public face's classes and their arguments, the one place where an input is described. */
import { join } from "node:path";
import ts from "typescript";

/** A name with what is said about it. */
export interface Documented {
  readonly about: string;
  readonly isArray: boolean;
  /** The type as TypeScript prints it. */
  readonly type: string;
}

/** Reads the docs of what `provider/index.ts` exports, and of the config of the plugin. */
export class Docs {
  readonly #checker: ts.TypeChecker;
  readonly #exported = new Map<string, ts.Symbol>();

  constructor(root: string, files: readonly string[]) {
    const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const program = ts.createProgram(
      files.map((file) => join(root, file)),
      options,
    );
    this.#checker = program.getTypeChecker();
    for (const file of files) {
      const source = program.getSourceFile(join(root, file));
      const module = source && this.#checker.getSymbolAtLocation(source);
      for (const symbol of module ? this.#checker.getExportsOfModule(module) : []) {
        const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
        this.#exported.set(symbol.name, isAlias ? this.#checker.getAliasedSymbol(symbol) : symbol);
      }
    }
  }

  has(name: string): boolean {
    return this.#exported.has(name);
  }

  /** The description of an exported name. */
  about(name: string): string {
    const symbol = this.#exported.get(name);
    if (symbol === undefined) throw new Error(`provider/index.ts exports no ${name}`);
    return this.#textOf(symbol);
  }

  /** The description of each property of an exported class or interface. */
  properties(name: string): ReadonlyMap<string, Documented> {
    const symbol = this.#exported.get(name);
    if (symbol === undefined) throw new Error(`provider/index.ts exports no ${name}`);
    const type = this.#checker.getDeclaredTypeOfSymbol(symbol);
    return new Map(
      type.getProperties().map((property) => {
        const own = this.#checker.getTypeOfSymbol(property);
        const text = this.#checker.typeToString(own);
        return [
          property.name,
          { about: this.#withTags(property), type: text, isArray: /\[\]/.test(text) },
        ] as const;
      }),
    );
  }

  #textOf(symbol: ts.Symbol): string {
    return ts.displayPartsToString(symbol.getDocumentationComment(this.#checker)).trim();
  }

  /** The default and the example follow the description, as their tags do. */
  #withTags(symbol: ts.Symbol): string {
    const tags = symbol.getJsDocTags(this.#checker).flatMap(({ name, text }) => {
      const said = ts.displayPartsToString(text).trim();
      if (name === "default") return [`Default: ${said}.`];
      return name === "example" ? [`Example: \`${said}\`.`] : [];
    });
    const text = this.#textOf(symbol).replaceAll(/\s*\n\s*/g, " ");
    return [text, ...tags].filter((part) => part !== "").join(" ");
  }
}
