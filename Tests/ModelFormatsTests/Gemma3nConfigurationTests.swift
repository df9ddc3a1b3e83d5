import ModelFormats
import Testing

@Suite struct Gemma3nConfigurationTests {
    private func read(_ json: String) throws -> Gemma3nConfiguration {
        let value = try JSONValue(parsing: Array(json.utf8), file: "config.json")
        return try #require(try GemmaConfiguration(value).text as? Gemma3nConfiguration)
    }

    /// The defaults of Gemma3nTextConfig, Gemma3nVisionConfig and Gemma3nAudioConfig in transformers 5.23.0.
    @Test(arguments: [
        #"{"model_type":"gemma3n_text"}"#, #"{"model_type":"gemma3n","text_config":{}}"#, #"{"model_type":"gemma3n"}"#,
    ])
    func absentKeysTakeTheDefaultsOfTheirClass(_ json: String) throws {
        let c = try read(json), isWrapper = c.modelType == "gemma3n"
        #expect(c.vocabularySize == 262_400)
        #expect(c.hiddenSize == 2048)
        #expect((c.queryHeads, c.keyValueHeads, c.headDimension) == (8, 2, 256))
        #expect(c.normEpsilon == 1e-6)
        #expect(c.contextLength == 32_768)
        #expect(c.slidingWindow == 512)
        #expect(c.layers.count == 35)
        #expect(c.layers.allSatisfy { $0.intermediateSize == 16_384 })
        #expect(c.fullRoPE == .init(base: 1_000_000))
        #expect(c.slidingRoPE == .init(base: 10_000))
        #expect((c.altUp.streams, c.altUp.active, c.altUp.scalesCorrectedOutput) == (4, 0, true))
        #expect((c.laurelRank, c.perLayerInputSize, c.perLayerVocabularySize) == (64, 256, 262_144))
        #expect(c.finalSoftcap == 30)
        #expect(c.multimodalEmbedders.map(\.tokens) == (isWrapper ? [262_144..<262_272, 262_272..<262_400] : []))
        #expect(c.multimodalEmbedders.map(\.hiddenSize) == (isWrapper ? [2048, 1536] : []))
        #expect(c.tiesWordEmbeddings)
        #expect(c.endOfSequence == [1])
        #expect(c.unknownKeys == [])
    }

    /// config.json of google/gemma-3n-E2B-it and -E4B-it, without the lists of the towers' own keys.
    @Test(arguments: [(layers: 30, width: 8192, shared: 10), (layers: 35, width: 16_384, shared: 15)])
    func readsThePublishedConfigurations(_ size: (layers: Int, width: Int, shared: Int)) throws {
        func list(_ entry: (Int) -> String) -> String {
            "[" + (0..<size.layers).map(entry).joined(separator: ",") + "]"
        }
        let c = try read(
            """
            {"architectures":["Gemma3nForConditionalGeneration"],"audio_config":{"conf_attention_chunk_size":12,
             "hidden_size":1536,"model_type":"gemma3n_audio","rms_norm_eps":1e-06,"vocab_offset":262272,"vocab_size":128},
             "audio_soft_tokens_per_image":188,"audio_token_id":262273,"boa_token_id":256000,"boi_token_id":255999,
             "eoa_token_id":262272,"eoi_token_id":262144,"eos_token_id":[1,106],"image_token_id":262145,
             "initializer_range":0.02,"model_type":"gemma3n","text_config":{
              "activation_sparsity_pattern":\(list { $0 < 10 ? "0.95" : "0.0" }),"altup_active_idx":0,
              "altup_coef_clip":120.0,"altup_correct_scale":true,"altup_lr_multiplier":1.0,"altup_num_inputs":4,
              "attention_bias":false,"attention_dropout":0.0,"final_logit_softcapping":30.0,"head_dim":256,
              "hidden_activation":"gelu_pytorch_tanh","hidden_size":2048,"hidden_size_per_layer_input":256,
              "initializer_range":0.02,"intermediate_size":\(list { _ in "\(size.width)" }),"laurel_rank":64,
              "layer_types":\(list { $0 % 5 == 4 ? "\"full_attention\"" : "\"sliding_attention\"" }),
              "max_position_embeddings":32768,"model_type":"gemma3n_text","num_attention_heads":8,
              "num_hidden_layers":\(size.layers),"num_key_value_heads":2,"num_kv_shared_layers":\(size.shared),
              "query_pre_attn_scalar":256,"rms_norm_eps":1e-06,"rope_local_base_freq":10000.0,"rope_scaling":null,
              "rope_theta":1000000.0,"sliding_window":512,"torch_dtype":"bfloat16","use_cache":true,"vocab_size":262400,
              "vocab_size_per_layer_input":262144},
             "torch_dtype":"bfloat16","transformers_version":"4.53.0.dev0","vision_config":{
              "architecture":"mobilenetv5_300m_enc","do_pooling":false,"hidden_size":2048,"initializer_range":0.02,
              "model_args":null,"model_type":"gemma3n_vision","num_classes":2,"rms_norm_eps":1e-06,
              "vocab_offset":262144,"vocab_size":128},"vision_soft_tokens_per_image":256}
            """)
        #expect(c.unknownKeys == [])
        #expect(c.endOfSequence == [1, 106])
        #expect(c.layers.map(\.intermediateSize) == Array(repeating: size.width, count: size.layers))
        #expect(c.layers.map(\.sparsity) == (0..<size.layers).map { $0 < 10 ? 0.95 : 0 })
        #expect(c.layers.indices.filter { c.layers[$0].kind == .full }.prefix(3) == [4, 9, 14])
        // Both sizes share from layer 20 on: 18 is the last sliding layer before it and 19 the last full one.
        #expect(c.layers.prefix(20).allSatisfy { $0.keyValueSource == nil })
        #expect(c.layers.dropFirst(20).allSatisfy { $0.keyValueSource == ($0.kind == .full ? 19 : 18) })
        #expect(c.layers.count - 20 == size.shared)
        #expect(c.multimodalEmbedders.map(\.module) == ["embed_vision", "embed_audio"])
        #expect(c.vocabularySize - c.perLayerVocabularySize == 256)
    }

    @Test func nullAndAbsentPatternsFollowTheClass() throws {
        for layers in [10, 11] {
            let json =
                #""num_hidden_layers":\#(layers),"num_kv_shared_layers":0,"activation_sparsity_pattern":null,"layer_types":null"#
            let c = try read(#"{"model_type":"gemma3n_text",\#(json)}"#)
            #expect(c.layers.map(\.sparsity) == (0..<layers).map { layers > 10 && $0 < 10 ? 0.95 : 0 })
            #expect(c.layers.indices.filter { c.layers[$0].kind == .full } == [4, 9])
            #expect(c.layers.allSatisfy { $0.keyValueSource == nil })
        }
    }

    /// The class reads no pattern besides `layer_types`.
    @Test func aPatternOfGemma3IsListedWithoutEffect() throws {
        let c = try read(
            #"{"model_type":"gemma3n_text","num_hidden_layers":6,"num_kv_shared_layers":0,"sliding_window_pattern":2}"#)
        #expect(c.layers.indices.filter { c.layers[$0].kind == .full } == [4])
        #expect(c.unknownKeys == ["sliding_window_pattern"])
    }

    @Test func sharedLayersFindTheLastOfTheirKind() throws {
        let s = "\"sliding_attention\"", f = "\"full_attention\""
        let c = try read(
            """
            {"model_type":"gemma3n_text","num_hidden_layers":7,"num_kv_shared_layers":4,
             "layer_types":[\([f, s, s, f, s, s, f].joined(separator: ","))],"intermediate_size":[1,2,3,4,5,6,7],
             "activation_sparsity_pattern":[0,0.5,0.999,0.0,0,0,0.01]}
            """)
        #expect(c.layers.map(\.keyValueSource) == [nil, nil, nil, 0, 2, 2, 0])
        #expect(c.layers.map(\.intermediateSize) == [1, 2, 3, 4, 5, 6, 7])
        #expect(c.layers.map(\.sparsity) == [0, 0.5, 0.999, 0, 0, 0, 0.01])
    }

    @Test func oldAndNewRopeSpellingsMeanTheSame() throws {
        let old = try read(
            """
            {"model_type":"gemma3n_text","rope_theta":500000,"rope_local_base_freq":20000.0,
             "rope_scaling":{"rope_type":"linear","factor":8.0}}
            """)
        let new = try read(
            """
            {"model_type":"gemma3n_text",
             "rope_parameters":{"full_attention":{"rope_type":"linear","factor":8,"rope_theta":500000.0},
                                "sliding_attention":{"rope_type":"default","rope_theta":20000}}}
            """)
        #expect(old == new)
        #expect(new.fullRoPE == .init(base: 500_000, factor: 8))
        #expect(new.slidingRoPE == .init(base: 20_000))
    }

    @Test func aNullCapIsNone() throws {
        #expect(try read(#"{"model_type":"gemma3n_text","final_logit_softcapping":null}"#).finalSoftcap == nil)
        #expect(try read(#"{"model_type":"gemma3n_text","final_logit_softcapping":12.5}"#).finalSoftcap == 12.5)
    }

    @Test func theWrappersOwnKeyDecidesWhetherItTies() throws {
        #expect(try read(#"{"model_type":"gemma3n","text_config":{"tie_word_embeddings":false}}"#).tiesWordEmbeddings)
        #expect(try !read(#"{"model_type":"gemma3n","tie_word_embeddings":false}"#).tiesWordEmbeddings)
        #expect(try !read(#"{"model_type":"gemma3n","tie_word_embeddings":null}"#).tiesWordEmbeddings)
        #expect(try !read(#"{"model_type":"gemma3n_text","tie_word_embeddings":false}"#).tiesWordEmbeddings)
    }

    @Test(arguments: ["gemma3n", "gemma3n-mm"])
    func knowsEveryKeyAndTensorOfTheFixtures(_ name: String) throws {
        let inspection = ModelInspection(of: try Fixtures.files(name))
        #expect(inspection.outcome == .passed, "\(inspection.checks)")
        let configuration = try GemmaConfiguration(reading: Fixtures.files(name))
        #expect(configuration.unknownKeys == [])
        #expect(configuration.endOfSequence == [1, 9])
    }

    private static let faults: [ConfigurationFault] = [
        .init(#""hidden_activation":"gelu""#, "hidden_activation", "gelu_pytorch_tanh", #"got "gelu""#),
        .init(#""attention_bias":true"#, "attention_bias", "expected false"),
        .init(#""is_causal":false"#, "is_causal", "expected true"),
        .init(#""attn_logit_softcapping":50.0"#, "attn_logit_softcapping", "50.0"),
        .init(#""use_bidirectional_attention":true"#, "use_bidirectional_attention", "true"),
        .init(#""attention_k_eq_v":true"#, "attention_k_eq_v"),
        .init(#""final_logit_softcapping":0.0"#, "final_logit_softcapping", "above 0"),
        .init(#""intermediate_size":[8]"#, "intermediate_size", "a list of 5", "a list of 1"),
        .init(#""intermediate_size":[8,8,8,8,0]"#, "intermediate_size", "a list with 0"),
        .init(#""intermediate_size":[8,8,8,8,8.0]"#, "intermediate_size", "a list with 8.0"),
        .init(#""intermediate_size":null"#, "intermediate_size", "null"),
        .init(#""activation_sparsity_pattern":0.95"#, "activation_sparsity_pattern", "a list of 5", "0.95"),
        .init(#""activation_sparsity_pattern":[0.9]"#, "activation_sparsity_pattern", "a list of 5", "a list of 1"),
        .init(#""activation_sparsity_pattern":[0,0,0,0,1]"#, "activation_sparsity_pattern", "below 1", "with 1"),
        .init(#""activation_sparsity_pattern":[0,0,0,0,-0.5]"#, "activation_sparsity_pattern", "-0.5"),
        .init(#""activation_sparsity_pattern":[0,0,0,0,1e-9]"#, "activation_sparsity_pattern", "F32", "1e-09"),
        .init(#""activation_sparsity_pattern":[0,0,0,0,0.99999999]"#, "activation_sparsity_pattern", "0.99999999"),
        .init(#""activation_sparsity_pattern":[0,0,0,0,null]"#, "activation_sparsity_pattern", "null"),
        .init(#""layer_types":["full_attention"]"#, "layer_types", "5 entries", "got 1"),
        .init(#""num_kv_shared_layers":1"#, "num_kv_shared_layers", "one of each kind", "got 1"),
        .init(#""num_kv_shared_layers":5"#, "num_kv_shared_layers", "got 5"),
        .init(#""num_kv_shared_layers":900"#, "num_kv_shared_layers", "got 900"),
        .init(#""num_kv_shared_layers":-1"#, "num_kv_shared_layers", "got -1"),
        .init(#""altup_num_inputs":0"#, "altup_num_inputs", "got 0"),
        .init(#""altup_num_inputs":65"#, "altup_num_inputs", "got 65"),
        .init(#""altup_active_idx":4"#, "altup_active_idx", "0 to 3", "got 4"),
        .init(#""altup_active_idx":-1"#, "altup_active_idx", "got -1"),
        .init(#""altup_correct_scale":1"#, "altup_correct_scale", "true or false"),
        .init(#""laurel_rank":0"#, "laurel_rank"),
        .init(#""hidden_size_per_layer_input":0"#, "hidden_size_per_layer_input"),
        .init(#""hidden_size_per_layer_input":null"#, "hidden_size_per_layer_input", "null"),
        .init(#""vocab_size_per_layer_input":0"#, "vocab_size_per_layer_input"),
        .init(#""num_key_value_heads":3"#, "num_key_value_heads", "a divisor of 8"),
        .init(#""head_dim":15"#, "head_dim", "even"),
        .init(#""hidden_size":2049"#, "hidden_size", "a multiple of 8 query heads"),
        .init(#""rope_scaling":{"rope_type":"yarn","factor":2.0}"#, "rope_scaling.rope_type", "yarn"),
        .init(#""rope_parameters":{"full_attention":{"rope_type":"llama3"}}"#, "rope_type", "llama3"),
        .init(#""sliding_window":null"#, "sliding_window", "null"),
        .init(#""quantization_config":{"quant_method":"gptq"}"#, "quantization_config", "gptq"),
    ]

    @Test(arguments: faults)
    func refusesByKeyAndValue(_ fault: ConfigurationFault) throws {
        let five =
            fault.json.contains("num_kv_shared_layers")
            ? #""num_hidden_layers":5"# : #""num_hidden_layers":5,"num_kv_shared_layers":0"#
        for json in [
            #"{"model_type":"gemma3n_text",\#(five),\#(fault.json)}"#,
            #"{"model_type":"gemma3n","text_config":{\#(five),\#(fault.json)}}"#,
        ] {
            let text = try #require(errorText { _ = try read(json) })
            #expect(text.hasPrefix("config.json"))
            for part in fault.says { #expect(text.contains(part), "\(text)") }
        }
    }

    /// Four layers with the class's default of 15 that share: transformers counts backwards from the end.
    @Test func theDefaultOfSharingLayersMayBeTooMany() throws {
        let text = try #require(errorText { _ = try read(#"{"model_type":"gemma3n_text","num_hidden_layers":4}"#) })
        #expect(text.contains("num_kv_shared_layers"))
        #expect(text.hasSuffix("got 15, the default"))
    }

    @Test func anIdBeyondTheTableOfAnEmbedderIsRefused() throws {
        let text = try #require(
            errorText {
                _ = try read(#"{"model_type":"gemma3n","text_config":{"vocab_size":262464}}"#)
            })
        #expect(text.contains("audio_config.vocab_size expected 192 or more"), "\(text)")
        // Vision ends where audio begins, whatever its table holds.
        let c = try read(
            #"{"model_type":"gemma3n","vision_config":{"vocab_offset":262000,"vocab_size":272},"audio_config":{"hidden_size":8}}"#
        )
        #expect(c.multimodalEmbedders.map(\.tokens) == [262_000..<262_272, 262_272..<262_400])
        #expect(try read(#"{"model_type":"gemma3n","text_config":{"vocab_size":512}}"#).multimodalEmbedders == [])
    }
}
