import ModelFormats

/// An encoder for images or sound, without a language model: its layers are complete and alike, and its values sound.
/// Which other tensors it needs is not derived here.
extension SmokeTest {
    mutating func runTower() {
        let bound = "as many layers as the configuration says, all of the same tensors and shapes"
        progress(.tensorsPresentAndShaped, 0)
        do {
            let towers = try TowerOutline.all(in: source())
            modelType = towers.first?.kind
            let tensors = try source().tensors()
            let faults = towers.compactMap { tower in tower.fault(in: tensors).map { "\(tower.kind): \($0)" } }
            let value = "\(tensors.tensors.count) tensors"
            if let fault = faults.first {
                return record(.tensorsPresentAndShaped, .failed, value: value, bound: bound, reason: fault)
            }
            let unstated = towers.filter { $0.layerCount == nil }
            let layers = towers.compactMap { tower in tower.layerCount.map { "\($0) layers of \(tower.kind)" } }
            record(
                .tensorsPresentAndShaped, unstated.isEmpty ? .passed : .warned, value: value, bound: bound,
                reason: unstated.isEmpty
                    ? "\(layers.joined(separator: ", ")); what else it needs beside them was not checked"
                    : "the configuration states no number of layers, so that only headers and values were checked")
            _ = checkStored(tensors)
        } catch {
            record(error, of: .tensorsPresentAndShaped, bound: bound)
        }
    }
}
