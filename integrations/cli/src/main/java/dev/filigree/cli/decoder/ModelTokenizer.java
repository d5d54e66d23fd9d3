package dev.filigree.cli.decoder;

import dev.filigree.decoder.gguf.GgufFile;
import dev.filigree.decoder.store.FurtherFiles;
import dev.filigree.decoder.text.GgufVocabulary;
import dev.filigree.file.PackedDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The tokenizer in a model's directory, or in its GGUF file. */
public final class ModelTokenizer {
  private ModelTokenizer() {}

  /**
   * The file, where there is one.
   *
   * @throws dev.filigree.plan.FiligreeException FIL-0402 where that of a packed directory was
   *     changed
   */
  public static Optional<Path> of(Path model) {
    if (GgufFile.isOne(model)) {
      boolean own = GgufVocabulary.isIn(GgufFile.open(model).metadata());
      return own ? Optional.of(model) : Optional.empty();
    }
    boolean packed = PackedDirectory.isOne(model);
    for (String name : new String[] {FurtherFiles.TOKENIZER_JSON, FurtherFiles.TOKENIZER_BIN}) {
      if (packed) {
        PackedDirectory folder = PackedDirectory.open(model);
        if (folder.content(name).isPresent()) {
          return folder.file(name);
        }
      } else if (Files.isRegularFile(model.resolve(name))) {
        return Optional.of(model.resolve(name));
      }
    }
    return Optional.empty();
  }
}
