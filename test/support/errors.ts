/** Every error class of dockroute, by its name. */
import * as change from "../../provider/engine/errors/change.js";
import * as error from "../../provider/engine/errors/error.js";
import * as host from "../../provider/engine/errors/host.js";
import * as refused from "../../provider/engine/errors/refused.js";

export const errors = { ...error, ...host, ...change, ...refused };
