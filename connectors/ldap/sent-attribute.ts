import { Attribute } from 'ldapts';

/**
 * An attribute in a request. The library turns each request into JSON for its debug log, and does so while that log is
 * off: a photo would cost more than sending it, and a password would be in the text.
 */
export class SentAttribute extends Attribute {
  toJSON(): object {
    return { type: this.type };
  }
}
