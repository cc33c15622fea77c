// The errors that a service answers with, by whose fault they are: those of sealrun.errors that need no region.

/** The root. `detail` is safe to show to a stranger; `type` ends the type URI of a problem document. */
export class SealrunError extends Error {
  readonly type: string = 'internal';
  readonly title: string = 'Something went wrong on our side';
  readonly status: number = 500;
  /** Headers of the answer beside its content type. */
  get headers(): Record<string, string> {
    return {};
  }
}

/** The request is wrong; sending it again cannot help. */
export class Refused extends SealrunError {
  override readonly type: string = 'refused';
  override readonly title: string = 'The request was refused';
  override readonly status: number = 400;
}

/** Size, JSON, a length or an encoding is not as it must be. */
export class Malformed extends Refused {
  override readonly type = 'malformed';
  override readonly title = 'The request is not well formed';
}

/** The call expired, or expires too far ahead. */
export class Expired extends Refused {
  override readonly type = 'expired';
  override readonly title = "The call's expiry is out of bounds";
}

/** A signature does not hold, or its key may not do this. */
export class NotAllowed extends Refused {
  override readonly type = 'not-allowed';
  override readonly title = 'The signature does not allow this';
  override readonly status = 403;
}

export class InputsRefused extends Refused {
  override readonly type = 'inputs-refused';
  override readonly title = 'The inputs do not fit the offer';
  override readonly status = 422;
}

/** The same identifier came with another call. */
export class Conflict extends Refused {
  override readonly type: string = 'conflict';
  override readonly title: string = 'This identifier belongs to another call';
  override readonly status = 409;
  readonly call: string;

  /** `call` is the other call's hash, 64 hex digits. */
  constructor(detail: string, call: string) {
    super(detail);
    this.call = call;
  }
}

/** A ticket triggers one call, and another one was claimed with it. */
export class TicketUsed extends Conflict {
  override readonly type = 'ticket-used';
  override readonly title = 'The ticket was already used';
}

/** A property of the prepaid account is not as it must be; `detail` names it. */
export class AccountRefused extends Refused {
  override readonly type = 'account-refused';
  override readonly title = 'The prepaid account is not as it must be';
  override readonly status = 402;
}

/** A rate limit or a quota is used up. */
export class TooMany extends Refused {
  override readonly type = 'too-many';
  override readonly title = 'Too many requests';
  override readonly status = 429;
  readonly retryAfter: number;

  /** `retryAfter` is in seconds. */
  constructor(detail: string, retryAfter: number) {
    super(detail);
    this.retryAfter = retryAfter;
  }

  override get headers(): Record<string, string> {
    return { 'Retry-After': String(this.retryAfter) };
  }
}

/** Something that we need is not available; trying later can help. */
export class Unavailable extends SealrunError {
  override readonly type: string = 'unavailable';
  override readonly title: string = 'Not available now';
  override readonly status = 503;
}

/** The offer takes no new call; running calls finish. */
export class OfferClosed extends Unavailable {
  override readonly type = 'offer-closed';
  override readonly title = 'The offer takes no call now';
}

/** The node is not one to believe now. */
export class NodeUnavailable extends Unavailable {
  override readonly type = 'node-unavailable';
  override readonly title = 'The Mina network cannot be reached now';
}
