package dev.filigree.samples.language;

import static org.assertj.core.api.Assertions.assertThat;

import dev.filigree.decoder.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BytePairsTest {

  @Test
  void theMostFrequentPairsAreMergedFirst() {
    BytePairs pairs = BytePairs.learn("ab ab ab abc xyz xyz", 261);
    assertThat(pairs.merges())
        .containsExactly(
            new BytePairs.Pair("a", "b"),
            new BytePairs.Pair("\u0120", "ab"),
            // Both occur twice: the first in the alphabet.
            new BytePairs.Pair("x", "y"),
            new BytePairs.Pair("xy", "z"));
    assertThat(pairs.vocab()).hasSize(261);
    assertThat(pairs.vocab().get(258)).isEqualTo("\u0120ab");
  }

  @Test
  void aTextWithoutRepetitionGetsFewerTokens() {
    assertThat(BytePairs.learn("abc", 300).vocab()).hasSize(257);
  }

  @Test
  void theFileIsReadBackByTheLoaders(@TempDir Path folder) throws IOException {
    String text = Stories.text(3, 20_000);
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, BytePairs.learn(text, 400).json());
    try (Tokenizer tokenizer = Tokenizer.open(file, 400)) {
      assertThat(tokenizer.size()).isEqualTo(400);
      List<Integer> ids = tokenizer.encode(text);
      assertThat(tokenizer.decode(ids)).isEqualTo(text);
      assertThat(ids).hasSizeLessThan(text.length() / 2);
      String other = "Grüße, 日本語!\n\n\t\"it's\" 1,234  x";
      assertThat(tokenizer.decode(tokenizer.encode(other))).isEqualTo(other);
      assertThat(tokenizer.encode("<|endoftext|>")).containsExactly(BytePairs.END_OF_TEXT);
    }
  }

  @Test
  void theSameSeedWritesTheSameStories() {
    assertThat(Stories.text(1, 5000)).isEqualTo(Stories.text(1, 5000));
    assertThat(Stories.text(1, 5000)).isNotEqualTo(Stories.text(2, 5000));
  }
}
