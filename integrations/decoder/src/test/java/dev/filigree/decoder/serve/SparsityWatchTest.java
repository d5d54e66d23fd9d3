package dev.filigree.decoder.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.filigree.decoder.load.RandomModel;
import dev.filigree.decoder.model.DecoderWeights;
import dev.filigree.decoder.serve.ActivationSetting.Method;
import dev.filigree.kernel.ValueType;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparsityWatchTest {
  private static final DecoderWeights WEIGHTS = RandomModel.of("tiny", 3);
  private static final int LAYERS = WEIGHTS.config().layers();
  private static final int[] IDS = new SplittableRandom(3).ints(500, 0, 512).toArray();

  private static PackedDecoder pack() {
    return PackedDecoder.pack(WEIGHTS, PackSettings.of(ValueType.F32, Method.TEAL.layout()));
  }

  private static SessionSettings settings(ActivationSetting setting, boolean returnToDense) {
    return new SessionSettings(
        IDS.length, setting, SessionSettings.Scope.ALL, /* keepFirst= */ 0, returnToDense);
  }

  /** Half is planned, but every threshold is 0, so that almost nothing is skipped. */
  private static ActivationSetting tooLow() {
    return new ActivationSetting(Method.TEAL, 0.5, new float[LAYERS][7]);
  }

  @Test
  void eventsAndMethodSayWhatEveryBlockSkipped(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("recording.jfr");
    List<LayerSparsity> read;
    try (PackedDecoder packed = pack();
        Recording recording = new Recording()) {
      recording.enable(ActivationSparsityEvent.NAME);
      recording.start();
      DecoderSession session =
          packed.newSession(settings(new ActivationSetting(Method.TOPK, 0.5, null), false));
      for (int i = 0; i < 2 * SparsityWatch.WINDOW; i++) {
        session.feed(IDS[i]);
      }
      read = session.layerSparsity();
      recording.stop();
      recording.dump(file);
    }
    List<RecordedEvent> events =
        RecordingFile.readAllEvents(file).stream()
            .filter(e -> e.getEventType().getName().equals(ActivationSparsityEvent.NAME))
            .toList();
    assertThat(events).hasSize(2 * LAYERS);
    for (int i = 0; i < events.size(); i++) {
      RecordedEvent e = events.get(i);
      assertThat(e.getInt("layer")).isEqualTo(i % LAYERS);
      assertThat(e.getString("method")).isEqualTo("topk");
      assertThat(e.getInt("tokens")).isEqualTo(SparsityWatch.WINDOW);
      assertThat(e.getDouble("planned")).isEqualTo(0.5);
      // The same share of every token, so windows and whole have the same.
      assertThat(e.getDouble("realised"))
          .isCloseTo(read.get(i % LAYERS).realised(), within(1e-12))
          .isCloseTo(0.5, within(0.01));
    }
    assertThat(read).extracting(LayerSparsity::layer).containsExactly(0, 1, 2, 3);
    assertThat(read).extracting(LayerSparsity::planned).containsOnly(0.5);
    // Width 64 to q, k, v, o, gate and up; 172 hidden units to down.
    assertThat(read)
        .extracting(LayerSparsity::inputs)
        .containsOnly(2L * SparsityWatch.WINDOW * (6 * 64 + 172));
  }

  @Test
  void lastingShortfallReturnsToDenseAndWarnsOnce() {
    List<String> warnings = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord entry) {
            warnings.add(entry.getMessage());
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger("dev.filigree.decoder");
    logger.addHandler(handler);
    try (PackedDecoder packed = pack()) {
      DecoderSession session = packed.newSession(settings(tooLow(), true));
      for (int fed = 0; fed < 15; fed++) {
        session.reset();
        session.feed(Arrays.copyOf(IDS, 64));
      }
      // 960 tokens.
      assertThat(session.hasReturnedToDense()).isFalse();
      session.reset();
      session.feed(Arrays.copyOf(IDS, 64));
      assertThat(session.hasReturnedToDense()).isTrue();
      long seen = session.layerSparsity().get(0).inputs();
      session.reset();
      FloatBuffer after = session.feed(IDS);
      assertThat(session.layerSparsity().get(0).inputs()).isEqualTo(seen);
      FloatBuffer dense = packed.newSession(settings(ActivationSetting.NONE, false)).feed(IDS);
      for (int i = 0; i < 512; i++) {
        assertThat(after.get(i)).isEqualTo(dense.get(i));
      }
    } finally {
      logger.removeHandler(handler);
    }
    assertThat(warnings).singleElement().asString().contains("FIL-0770", "teal", "0.5");
  }

  @Test
  void withoutTheOptionOrWithoutAShortfallNothingChanges() {
    try (PackedDecoder packed = pack()) {
      DecoderSession unasked = packed.newSession(settings(tooLow(), false));
      DecoderSession kept =
          packed.newSession(settings(new ActivationSetting(Method.TOPK, 0.5, null), true));
      for (DecoderSession session : List.of(unasked, kept)) {
        for (int i = 0; i < 3; i++) {
          session.reset();
          session.feed(IDS);
        }
        assertThat(session.hasReturnedToDense()).isFalse();
      }
      assertThat(unasked.counts().sparsity()).isLessThan(0.01);
      kept.resetCounts();
      assertThat(kept.layerSparsity()).extracting(LayerSparsity::inputs).containsOnly(0L);
    }
  }
}
