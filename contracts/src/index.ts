export * from './credential.js';
export * from './fields.js';
export * from './offer.js';
export * from './opening.js';
export * from './prepaid_account.js';
export * from './protocol.js';
export * from './receipt.js';
export * from './receipts.js';
