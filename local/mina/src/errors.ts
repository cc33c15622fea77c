/** A request that the chain refuses; its message is for the client. Anything else that is thrown is a fault of the server. */
export class Refused extends Error {
  constructor(
    message: string,
    /** HTTP status, where the request was not GraphQL at all. */
    readonly status = 400,
  ) {
    super(message);
  }
}
