package dev.filigree.gate;

import com.google.gson.JsonParseException;
import dev.filigree.file.AtomicFile;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import dev.filigree.plan.Setting;
import dev.filigree.report.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Verdicts of earlier measurements on this machine, in one small JSON file that may be deleted at
 * any time.
 *
 * <p>The file is read when it is opened and merged with what stands there when it is saved, under a
 * rename, so processes that share it lose a verdict at worst, which is then measured again. A file
 * that cannot be read is reported once (FIL-0340) and replaced.
 */
public final class VerdictCache {
  private static final System.Logger LOG = System.getLogger("dev.filigree.gate");
  private static final int VERSION = 2;
  private static final long MOST_BYTES = 1L << 24;

  /** The whole file. */
  private record Content(int version, Map<String, List<Verdict>> verdicts) {}

  private final Path file;
  private final Map<String, List<Verdict>> known;
  private boolean changed;

  private VerdictCache(Path file, Map<String, List<Verdict>> known) {
    this.file = file;
    this.known = known;
  }

  /** What {@link Setting#GATE_CACHE} names; an empty one that is never saved where it is off. */
  public static VerdictCache open() {
    String where = Setting.GATE_CACHE.get();
    if (where.equals("off")) {
      return none();
    }
    try {
      return at(where.equals("auto") ? usual() : Path.of(where));
    } catch (InvalidPathException e) {
      throw new FiligreeException(
          e, Message.FIL_0213, Setting.GATE_CACHE.key(), where, "auto, off or a file");
    }
  }

  /** Remembers nothing and is never saved. */
  public static VerdictCache none() {
    return new VerdictCache(null, new TreeMap<>());
  }

  /** The cache in that file, which need not exist. */
  public static VerdictCache at(Path file) {
    return new VerdictCache(file, read(file));
  }

  private static Path usual() {
    String base = System.getenv("XDG_CACHE_HOME");
    Path folder =
        base == null || base.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(base);
    return folder.resolve("filigree").resolve("gate.json");
  }

  private static Map<String, List<Verdict>> read(Path file) {
    if (!Files.exists(file)) {
      return new TreeMap<>();
    }
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw new IOException("it has " + Files.size(file) + " bytes");
      }
      Content content = Json.read(Files.readString(file), Content.class);
      if (content == null || content.version != VERSION || content.verdicts == null) {
        throw new IOException("it is of another version or another kind");
      }
      content.verdicts.values().removeIf(v -> !isSound(v));
      return content.verdicts;
    } catch (IOException | JsonParseException e) {
      LOG.log(System.Logger.Level.WARNING, Message.FIL_0340.text(file, e.getMessage()));
      return new TreeMap<>();
    }
  }

  private static boolean isSound(List<Verdict> verdicts) {
    return verdicts != null
        && !verdicts.isEmpty()
        && verdicts.stream()
            .allMatch(
                v -> v != null && v.chosen() != null && v.packed() != null && v.ratio() != null);
  }

  /** What was found for that key before. */
  public Optional<List<Verdict>> get(String key) {
    return Optional.ofNullable(known.get(key));
  }

  /** Keeps verdicts, one for each batch size, until {@link #save}. */
  public void put(String key, List<Verdict> verdicts) {
    known.put(key, List.copyOf(verdicts));
    changed = true;
  }

  /** Forgets a verdict, one that proved wrong, until {@link #save}. */
  public void remove(String key) {
    changed |= known.remove(key) != null;
  }

  /** Writes what is new. Where that is not possible a warning says so, and nothing else happens. */
  public void save() {
    if (file == null || !changed) {
      return;
    }
    try {
      Path folder = file.toAbsolutePath().getParent();
      Files.createDirectories(folder);
      Map<String, List<Verdict>> merged = read(file);
      merged.putAll(known);
      AtomicFile.write(file, Json.text(new Content(VERSION, new TreeMap<>(merged))));
      changed = false;
    } catch (IOException | FiligreeException e) {
      LOG.log(System.Logger.Level.WARNING, Message.FIL_0340.text(file, e.getMessage()));
    }
  }
}
