import { DockrouteError } from "../../engine/errors/error.js";

/** A change that was not begun, because the person at the console ended the run. */
export class Cancelled extends DockrouteError {
  constructor() {
    super("the run was cancelled before this change began: nothing was changed");
  }

  override get changedSomething(): boolean {
    return false;
  }
}

/** A type of another version of dockroute. */
export class UnknownToken extends DockrouteError {
  constructor(token: string) {
    super(`this version of dockroute has no resource ${token}`);
  }

  override get changedSomething(): boolean {
    return false;
  }
}
