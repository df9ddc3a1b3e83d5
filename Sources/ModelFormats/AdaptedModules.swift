/// What an adapter changes in a base model, by the names of the base's own tensors. Every shape has been compared.
package struct AdaptedModules: Sendable {
    /// W + scale * up down in the place of W [rows, columns], where up is [rows, rank] and down [rank, columns].
    package struct Update: Sendable {
        package let up, down: Tensor
        /// An embedding's parts are stored the other way round: `up` as [rank, rows], `down` as [columns, rank].
        package let isTransposed: Bool
        package let rank: Int
        package let scale: Double
        /// The lengths [rows] that DoRA gives the rows of the sum; nil without DoRA.
        package let magnitude: Tensor?
    }

    /// New rows [tokens, columns] of an embedding.
    package struct Rows: Sendable {
        package let tokens: [Int]
        package let values: Tensor
    }

    /// Updates by the name of the base's tensor, or `head` for an output head that the base does not store.
    package internal(set) var updates: [String: Update] = [:]
    /// Tensors of the adapter in the place of the base's.
    package internal(set) var replacements: [String: Tensor] = [:]
    package internal(set) var rows: [String: Rows] = [:]
    /// What a reader should know: an untrained adapter, parts that the text model does not compute.
    package internal(set) var warnings: [String] = []

    /// Stands for the tensor of an output head that is the embedding.
    package static let head = "lm_head.weight"
}
