package dev.filigree.decoder;

import dev.filigree.decoder.load.ConfigJson;
import dev.filigree.decoder.load.DecoderFiles;
import dev.filigree.decoder.load.PackedModel;
import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderConfig;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.model.RopeLayout;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.decoder.serve.PackSettings;
import dev.filigree.decoder.serve.PackedDecoder;
import dev.filigree.decoder.serve.SessionSettings;
import dev.filigree.decoder.store.MappedDecoder;
import dev.filigree.decoder.store.SequenceDigests;
import dev.filigree.decoder.store.StoredActivation;
import dev.filigree.decoder.text.ChatTemplate;
import dev.filigree.decoder.text.Tokenizer;
import dev.filigree.file.DType;
import dev.filigree.file.PackedDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** A kind of file that comes from elsewhere: right ones, and everything that reads it. */
enum LoaderTarget {
  LLAMA2C(false) {
    @Override
    List<byte[]> right(Path folder) {
      return List.of(FuzzSeeds.llama2c(CONFIG));
    }

    @Override
    void read(byte[] data, Path folder) throws IOException {
      serve(Files.write(folder.resolve("model.bin"), data));
    }
  },

  LLAMA2C_TOKENIZER(false) {
    @Override
    List<byte[]> right(Path folder) {
      return List.of(FuzzSeeds.llama2cTokenizer());
    }

    @Override
    void read(byte[] data, Path folder) throws IOException {
      Path file = Files.write(folder.resolve("tokenizer.bin"), data);
      try (Tokenizer t = Tokenizer.open(file, FuzzSeeds.PIECES)) {
        t.decode(t.encode("a bc é"));
      }
    }
  },

  GGUF(false) {
    @Override
    List<byte[]> right(Path folder) {
      return List.of(
          Models.gguf(new RandomModel(CONFIG, 3), GgufWriter.F32).bytes(),
          Models.gguf(new RandomModel(CONFIG, 3), GgufWriter.BF16).bytes());
    }

    @Override
    void read(byte[] data, Path folder) throws IOException {
      serve(Files.write(folder.resolve("model.gguf"), data));
    }
  },

  GGUF_TOKENIZER(false) {
    @Override
    List<byte[]> right(Path folder) {
      return FuzzSeeds.ggufTokenizers();
    }

    @Override
    void read(byte[] data, Path folder) throws IOException {
      Path file = Files.write(folder.resolve("tokenizer.gguf"), data);
      try (Tokenizer t = Tokenizer.open(file, 600)) {
        t.decode(t.encode("a bc é"));
      }
      chat(file);
    }
  },

  SAFETENSORS(false) {
    @Override
    List<byte[]> right(Path folder) {
      Models.directory(folder, new RandomModel(CONFIG, 3), DType.F32);
      return List.of(FuzzSeeds.read(folder.resolve("model.safetensors")));
    }

    @Override
    void read(byte[] data, Path folder) throws IOException {
      Files.writeString(folder.resolve("config.json"), ConfigJson.text(CONFIG));
      Files.write(folder.resolve("model.safetensors"), data);
      serve(folder);
    }
  },

  CONFIG_JSON(true) {
    @Override
    List<byte[]> right(Path folder) {
      return FuzzSeeds.configs(CONFIG);
    }

    @Override
    void read(byte[] data, Path folder) throws IOException {
      if (!Files.exists(folder.resolve("model.safetensors"))) {
        Models.directory(folder, new RandomModel(CONFIG, 3), DType.F32);
      }
      Files.write(folder.resolve("config.json"), data);
      serve(folder);
    }
  },

  GENERATION_CONFIG(true) {
    @Override
    List<byte[]> right(Path folder) {
      return List.of(
          "{\"eos_token_id\":[2,3],\"bos_token_id\":1}\n".getBytes(StandardCharsets.UTF_8));
    }

    @Override
    void read(byte[] data, Path folder) throws IOException {
      if (!Files.exists(folder.resolve("model.safetensors"))) {
        Models.directory(folder, new RandomModel(CONFIG, 3), DType.F32);
      }
      Files.write(folder.resolve("generation_config.json"), data);
      serve(folder);
    }
  },

  TOKENIZER_JSON(true) {
    @Override
    List<byte[]> right(Path folder) {
      return FuzzSeeds.tokenizerJsons(folder);
    }

    @Override
    void read(byte[] data, Path folder) throws IOException {
      Path file = Files.write(folder.resolve("tokenizer.json"), data);
      try (Tokenizer t = Tokenizer.open(file, 600)) {
        t.decode(t.encode("a bc é"));
      }
    }
  },

  CHAT_TEMPLATE(true) {
    @Override
    List<byte[]> right(Path folder) {
      return FuzzSeeds.templates();
    }

    @Override
    void read(byte[] data, Path folder) throws IOException {
      Files.write(folder.resolve("chat_template.jinja"), data);
      chat(folder);
    }
  },

  TOKENIZER_CONFIG(true) {
    @Override
    List<byte[]> right(Path folder) {
      return FuzzSeeds.tokenizerConfigs();
    }

    @Override
    void read(byte[] data, Path folder) throws IOException {
      Files.write(folder.resolve("tokenizer_config.json"), data);
      chat(folder);
    }
  },

  /** With the right digest in the receipt, so that what is behind the digest is reached. */
  THRESHOLDS(true) {
    @Override
    List<byte[]> right(Path folder) {
      return FuzzSeeds.ofPacked(folder, PackedDirectory.THRESHOLDS);
    }

    @Override
    void read(byte[] data, Path folder) {
      servePacked(FuzzSeeds.packed(folder, PackedDirectory.THRESHOLDS, data));
    }
  },

  PACKED_CONFIG(true) {
    @Override
    List<byte[]> right(Path folder) {
      return FuzzSeeds.ofPacked(folder, PackedDirectory.CONFIG);
    }

    @Override
    void read(byte[] data, Path folder) {
      servePacked(FuzzSeeds.packed(folder, PackedDirectory.CONFIG, data));
    }
  },

  PACKED_CALIBRATION(true) {
    @Override
    List<byte[]> right(Path folder) {
      return FuzzSeeds.ofPacked(folder, PackedDirectory.CALIBRATION);
    }

    @Override
    void read(byte[] data, Path folder) {
      servePacked(FuzzSeeds.packed(folder, PackedDirectory.CALIBRATION, data));
    }
  },

  /** Weights of a packed directory; the digest inside them is made right again. */
  PACKED_WEIGHTS(false) {
    @Override
    List<byte[]> right(Path folder) {
      return FuzzSeeds.packedWeights(folder);
    }

    @Override
    byte[] mutated(Mutator mutator, byte[] right) {
      return PackedMutation.of(mutator, right);
    }

    @Override
    void read(byte[] data, Path folder) throws IOException {
      Path packed = FuzzSeeds.packedFolder(folder);
      Files.write(packed.resolve(PackedDirectory.WEIGHTS), data);
      servePacked(packed);
    }
  };

  /** As small as a decoder gets, so that what is found stays small. */
  static final DecoderConfig CONFIG =
      new DecoderConfig(
          8,
          12,
          1,
          2,
          1,
          4,
          10,
          16,
          1e-5f,
          10_000,
          RopeLayout.HALF_SPLIT,
          Optional.empty(),
          OptionalInt.empty(),
          false,
          false,
          false,
          1,
          List.of(2));

  private final boolean isText;

  LoaderTarget(boolean isText) {
    this.isText = isText;
  }

  /** Files that are right. */
  abstract List<byte[]> right(Path folder);

  /**
   * Reads such a file in every way there is.
   *
   * @param folder empty at first, kept between calls
   */
  abstract void read(byte[] data, Path folder) throws IOException;

  byte[] mutated(Mutator mutator, byte[] right) {
    return isText ? mutator.text(right) : mutator.bytes(right);
  }

  static void serve(Path path) {
    DecoderWeights weights = DecoderFiles.open(path);
    try (PackedDecoder decoder = PackedDecoder.pack(weights, PackSettings.DENSE)) {
      answer(decoder);
    }
  }

  static void servePacked(Path folder) {
    PackedModel model = (PackedModel) DecoderFiles.open(folder);
    StoredActivation.of(model).ifPresent(StoredActivation::text);
    SequenceDigests.refuseCommon(model, List.of(new int[] {1, 2, 3}));
    model.folder().verify();
    for (Method method : new Method[] {Method.NONE, Method.TEAL}) {
      try (PackedDecoder decoder = MappedDecoder.open(model, method)) {
        answer(decoder);
      }
    }
    try (PackedDecoder decoder = PackedDecoder.pack(model, PackSettings.DENSE)) {
      answer(decoder);
    }
  }

  private static void answer(PackedDecoder decoder) {
    int last = decoder.config().vocab() - 1;
    int count = Math.min(3, decoder.config().context());
    int[] ids = {Math.min(1, last), last, 0};
    decoder.newSession(SessionSettings.dense(count)).feed(java.util.Arrays.copyOf(ids, count));
  }

  static void chat(Path model) {
    ChatTemplate template = ChatTemplate.of(model);
    template.render(
        List.of(
            new ChatTemplate.Message("system", "Be {{ brief }}."),
            new ChatTemplate.Message("user", "Hello")),
        true);
  }
}
