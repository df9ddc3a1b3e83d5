extension ModelInspection {
    /// The weights of a repository that is an adapter without its base: sound, but nothing to run alone.
    mutating func checkAdapter(_ model: ModelFiles) {
        attempt(.safetensorsHeader) { inspection in
            let adapter = try Adapter(reading: model), tensors = adapter.tensors
            (inspection.tensorCount, inspection.parameterCount) = (tensors.tensors.count, tensors.parameterCount)
            inspection.dtypes = tensors.elements.map(\.rawValue)
            inspection.record(
                .safetensorsHeader, .passed,
                "\(tensors.tensors.count) tensors of an adapter, \(tensors.totalBytes) bytes, no gap and no overlap")
        }
        record(.shardIndex, .passed, "one weight file, no index")
    }
}
