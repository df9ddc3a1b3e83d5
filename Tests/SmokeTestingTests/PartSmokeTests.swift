import FixtureModels
import Foundation
import ModelFormats
import RegistryCore
import SmokeTesting
import Testing

/// Models that cannot be run alone: drafters and towers.
@Suite struct PartSmokeTests {
    @Test(arguments: ["drafter", "drafter-unified"])
    func aDrafterPassesWithWhatCanBeTested(_ name: String) throws {
        let report = SmokeTest.run(job(Fixtures.path(name)))
        #expect(report.modelClass == .drafter)
        #expect(report.verdict == .passed, "\(report.checks)")
        #expect(report[.tensorsPresentAndShaped]?.value.hasPrefix(name == "drafter" ? "49 of 49" : "48 of 48") == true)
        #expect(report[.meanNLL]?.outcome == .notApplicable)
        #expect(report[.meanNLL]?.reason == "a drafter needs its target's keys and values to propose anything")
        #expect(report[.noNaNOrInf]?.outcome == .passed)
    }

    @Test(arguments: ["tower-siglip", "tower-gemma4"])
    func aTowerPassesWithWhatCanBeTested(_ name: String) throws {
        let report = SmokeTest.run(job(Fixtures.path(name)))
        #expect(report.modelClass == .tower)
        #expect(report.verdict == .passed, "\(report.checks)")
        #expect(report[.tensorsPresentAndShaped]?.reason.hasPrefix("2 layers of ") == true)
        #expect(report[.deterministic]?.outcome == .notApplicable)
    }

    struct Fault: Sendable {
        let model, file, old, new, reason: String
    }

    static let faults = [
        Fault(
            model: "drafter", file: "config.json", old: "\"backbone_hidden_size\": 64",
            new: "\"backbone_hidden_size\": 65",
            reason: "pre_projection.weight in model.safetensors: the configuration implies shape [48, 130]"),
        Fault(
            model: "drafter", file: "config.json", old: "\"num_centroids\": 32", new: "\"num_centroids\": 33",
            reason: "num_centroids expected a divisor"),
        Fault(
            model: "drafter", file: "config.json", old: "\"num_kv_shared_layers\": 4",
            new: "\"num_kv_shared_layers\": 3",
            reason: "num_kv_shared_layers expected 4"),
        Fault(
            model: "drafter-unified", file: "config.json", old: "\"use_ordered_embeddings\": false",
            new: "\"use_ordered_embeddings\": true", reason: "token_ordering: it is missing"),
        Fault(
            model: "drafter-unified", file: "config.json", old: "\"num_hidden_layers\": 4",
            new: "\"num_hidden_layers\": 5",
            reason: "num_kv_shared_layers expected 5"),
        Fault(
            model: "tower-siglip", file: "config.json", old: "\"num_hidden_layers\": 2",
            new: "\"num_hidden_layers\": 3",
            reason: "layer encoder.layers.2 is missing, the configuration says 3"),
        Fault(
            model: "tower-siglip", file: "config.json", old: "\"num_hidden_layers\": 2",
            new: "\"num_hidden_layers\": 1",
            reason: "there is a layer encoder.layers.1"),
        Fault(
            model: "tower-gemma4", file: "config.json", old: "\"hidden_size\": 32", new: "\"hidden_size\": 31",
            reason: "no tensor of encoder.layers.0 has the width 31"),
    ]

    @Test(arguments: faults)
    func aConfigurationThatDoesNotFitFails(_ fault: Fault) throws {
        let model = try EditableModel(copying: fault.model)
        try model.replace(fault.file, fault.old, with: fault.new)
        let report = SmokeTest.run(job(model.path))
        #expect(report.verdict == .failed)
        #expect(report.checks.contains { $0.reason.contains(fault.reason) }, "\(report.checks)")
    }

    @Test(arguments: [
        ("drafter", "model.layers.2.mlp.down_proj.weight"), ("tower-siglip", "encoder.layers.1.mlp.fc1.weight"),
    ])
    func aZeroedMatrixAndANaNFail(_ name: String, _ tensor: String) throws {
        let model = try EditableModel(copying: name)
        try model.write(tensor, at: 17, bits: 0x7FC0)
        let broken = SmokeTest.run(job(model.path))
        #expect(broken.verdict == .failed)
        #expect(broken[.noNaNOrInf]?.reason.contains("\(tensor) in model.safetensors holds 1 NaN") == true)
        try model.write(tensor, Data(count: try model.bytes(tensor).count))
        let zero = SmokeTest.run(job(model.path))
        #expect(zero.verdict == .failed)
        #expect(zero[.noAllZeroMatrix]?.reason.contains(tensor) == true)
    }

    @Test func anOrderingThatIsNoPermutationFails() throws {
        let model = try EditableModel(copying: "drafter")
        let name = DrafterConfiguration.orderingName
        var bytes = try model.bytes(name)
        bytes.replaceSubrange(8..<16, with: bytes[0..<8])
        try model.write(name, bytes)
        let report = SmokeTest.run(job(model.path))
        #expect(report.verdict == .failed)
        #expect(report[.tensorsPresentAndShaped]?.reason.contains("place 1 names token") == true)
    }
}
