/// What kind of model a repository holds; it decides how the model is probed.
package enum ModelClass: String, Codable, Sendable, CaseIterable {
    /// Answers turns of a conversation, through its own chat template.
    case instruct
    /// Continues plain text.
    case base
    /// Low-rank or other changes to a base model, run on that base.
    case adapter
    /// Turns text into a vector.
    case embedding
    /// Proposes tokens to another model (`-assistant`); it cannot run alone.
    case drafter
    /// A vision or audio encoder without a language model.
    case tower
}
