// Something that is not done, in words for a person. `kind` is what the other side raises: closed, input, usage, output or
// refused.

class Refusal extends Error {
  constructor(kind, words) {
    super(words);
    this.kind = kind;
  }
}

module.exports = { Refusal };
