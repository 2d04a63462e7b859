import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";

/** Hono's environment with the Node request and response, which streams are piped from and to directly. */
export type GatewayEnv = { Bindings: HttpBindings };
export type GatewayContext = Context<GatewayEnv>;
