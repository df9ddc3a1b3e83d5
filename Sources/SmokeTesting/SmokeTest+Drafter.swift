import ModelFormats

/// A drafter proposes tokens from its target's states, keys and values, so that it cannot be run alone: its
/// configuration, its tensors and their values are all that is tested.
extension SmokeTest {
    mutating func runDrafter() {
        let bound = "every tensor that the configuration implies, with its shape"
        progress(.tensorsPresentAndShaped, 0)
        do {
            let configuration = try DrafterConfiguration(reading: files), tensors = try ModelTensors(reading: files)
            let expected = try configuration.expectedTensors(in: tensors)
            if configuration.centroids != nil,
                let fault = try faultInOrdering(tensors, vocabularySize: configuration.text.vocabularySize)
            {
                return record(
                    .tensorsPresentAndShaped, .failed, bound: bound,
                    reason: "\(DrafterConfiguration.orderingName): \(fault)")
            }
            let note =
                "; it was not run, because that takes its target, of hidden size \(configuration.targetHiddenSize)"
            guard compare(expected, with: tensors, of: configuration.modelType, note: note) else { return }
            _ = checkValues(.gemma4(configuration.text), tensors, needed: expected)
        } catch {
            record(error, of: .tensorsPresentAndShaped, bound: bound)
        }
    }

    /// Why the ordering is no permutation of the vocabulary.
    private func faultInOrdering(_ tensors: ModelTensors, vocabularySize: Int) throws -> String? {
        guard let (tensor, file) = tensors[DrafterConfiguration.orderingName] else { return "it is missing" }
        guard tensor.element == .i64, tensor.shape == [vocabularySize] else {
            return "expected I64 [\(vocabularySize)], got \(tensor.element.rawValue) \(tensor.shape)"
        }
        let bytes = try tensors.files[file].bytes(at: tensor.range.lowerBound, count: tensor.range.count)
        var isSeen = [Bool](repeating: false, count: vocabularySize)
        for place in 0..<vocabularySize {
            let token = bytes.withUnsafeBytes {
                Int64(littleEndian: $0.loadUnaligned(fromByteOffset: 8 * place, as: Int64.self))
            }
            guard (0..<Int64(vocabularySize)).contains(token), !isSeen[Int(token)] else {
                return "place \(place) names token \(token), which is twice there or none of \(vocabularySize)"
            }
            isSeen[Int(token)] = true
        }
        return nil
    }
}
