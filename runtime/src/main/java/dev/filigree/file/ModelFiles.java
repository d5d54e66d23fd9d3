package dev.filigree.file;

import com.google.gson.stream.MalformedJsonException;
import dev.filigree.plan.FiligreeException;
import dev.filigree.plan.Message;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tensors of a model: one safetensors file, or several with {@code
 * model.safetensors.index.json}, which says in which of them each tensor is. All are mapped, none
 * is read.
 */
public final class ModelFiles {
  /** The name of the list of shards. */
  public static final String INDEX = "model.safetensors.index.json";

  static final String SINGLE = "model.safetensors";
  private static final long MOST_INDEX_BYTES = 100_000_000;

  private final Path path;
  private final List<SafetensorsFile> files;
  private final boolean sharded;
  private final Map<String, Tensor> tensors;

  private ModelFiles(
      Path path, List<SafetensorsFile> files, boolean sharded, Map<String, Tensor> tensors) {
    this.path = path;
    this.files = List.copyOf(files);
    this.sharded = sharded;
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  /**
   * Maps a model.
   *
   * @param path a safetensors file, an index, or a folder that holds {@code model.safetensors} or
   *     the index
   * @throws FiligreeException FIL-0404 where it cannot be read, FIL-0401 for a file the format
   *     forbids, FIL-0429 for an index that does not fit its files
   */
  public static ModelFiles open(Path path) {
    if (Files.isDirectory(path)) {
      Path index = path.resolve(INDEX);
      return Files.exists(index) ? sharded(index) : single(path.resolve(SINGLE));
    }
    return path.getFileName() != null && path.getFileName().toString().endsWith(".json")
        ? sharded(path)
        : single(path);
  }

  private static ModelFiles single(Path path) {
    SafetensorsFile file = SafetensorsFile.open(path);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    file.tensors().forEach(t -> tensors.put(t.name(), t));
    return new ModelFiles(path, List.of(file), false, tensors);
  }

  private static ModelFiles sharded(Path index) {
    Map<String, String> shardOf;
    try {
      shardOf = readIndex(index);
    } catch (IOException | IllegalStateException e) {
      throw new FiligreeException(e, Message.FIL_0429, index, e.getMessage());
    }
    Map<String, SafetensorsFile> files = new LinkedHashMap<>();
    for (String name : shardOf.values()) {
      if (!files.containsKey(name)) {
        files.put(name, SafetensorsFile.open(shard(index, name)));
      }
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Map<String, String> found = new HashMap<>();
    files.forEach(
        (name, file) ->
            file.tensors()
                .forEach(
                    t -> {
                      if (!name.equals(shardOf.get(t.name()))) {
                        throw new FiligreeException(
                            Message.FIL_0429,
                            index,
                            "tensor " + t.name() + " is in " + name + ", which it does not say");
                      }
                      tensors.put(t.name(), t);
                      found.put(t.name(), name);
                    }));
    shardOf.forEach(
        (tensor, name) -> {
          if (!found.containsKey(tensor)) {
            throw new FiligreeException(
                Message.FIL_0429, index, "tensor " + tensor + " is not in " + name);
          }
        });
    return new ModelFiles(index, new ArrayList<>(files.values()), true, tensors);
  }

  private static Path shard(Path index, String name) {
    // A name with a path in it could point anywhere on the machine.
    if (name.isEmpty()
        || name.contains("/")
        || name.contains("\\")
        || name.equals("..")
        || !name.endsWith(".safetensors")) {
      throw new FiligreeException(
          Message.FIL_0429, index, "\"" + name + "\" is no name of a .safetensors file beside it");
    }
    return index.resolveSibling(name);
  }

  private static Map<String, String> readIndex(Path index) throws IOException {
    Map<String, String> shardOf = new LinkedHashMap<>();
    StrictJson.readObject(
        text(index),
        8,
        (name, json) -> {
          if (name.equals("weight_map")) {
            StrictJson.readObject(json, (key, value) -> shardOf.put(key, StrictJson.text(value)));
          } else {
            json.skipValue();
          }
        });
    if (shardOf.isEmpty()) {
      throw new MalformedJsonException("its weight_map is missing or empty");
    }
    return shardOf;
  }

  private static String text(Path index) throws MalformedJsonException {
    try {
      if (Files.size(index) > MOST_INDEX_BYTES) {
        throw new MalformedJsonException("it has more than " + MOST_INDEX_BYTES + " bytes");
      }
      return Files.readString(index, StandardCharsets.UTF_8);
    } catch (MalformedJsonException e) {
      throw e;
    } catch (CharacterCodingException e) {
      throw new MalformedJsonException("it is not UTF-8", e);
    } catch (IOException e) {
      throw new FiligreeException(e, Message.FIL_0404, index, IoReason.of(e));
    }
  }

  /** What was opened: the file, or the index. */
  public Path path() {
    return path;
  }

  /** Whether there is an index. */
  public boolean isSharded() {
    return sharded;
  }

  /** The files, in the order the index first names them. */
  public List<SafetensorsFile> files() {
    return files;
  }

  /** All tensors, file by file in header order. */
  public List<Tensor> tensors() {
    return List.copyOf(tensors.values());
  }

  /** The tensor of that name. */
  public Optional<Tensor> tensor(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /** The file that holds the tensor of that name. */
  public Optional<SafetensorsFile> fileOf(String name) {
    return files.stream().filter(f -> f.tensor(name).isPresent()).findFirst();
  }

  /** The texts of all files; where they contradict each other, those of the first. */
  public Map<String, String> metadata() {
    Map<String, String> all = new LinkedHashMap<>();
    files.forEach(f -> f.metadata().forEach(all::putIfAbsent));
    return all;
  }

  /** The sizes of all files together, the index left out. */
  public long bytes() {
    return files.stream().mapToLong(SafetensorsFile::fileBytes).sum();
  }

  /**
   * Writes a model in the same arrangement: a file to a file; several to a folder, under their
   * names, with an index that is written last.
   *
   * @param target a file, or a folder that exists where this has several files
   * @param contents of each file, in the order of {@link #files}
   * @throws FiligreeException FIL-0403 where the target cannot be written, FIL-0405 where the
   *     format forbids a tensor
   */
  public void write(Path target, List<Contents> contents) {
    if (contents.size() != files.size()) {
      throw new IllegalArgumentException(contents.size() + " contents, " + files.size() + " files");
    }
    if (!sharded) {
      SafetensorsWriter.write(target, contents.get(0).tensors(), contents.get(0).metadata());
      return;
    }
    if (!Files.isDirectory(target)) {
      throw new FiligreeException(
          Message.FIL_0403, target, "it is no folder, and a model in several files needs one");
    }
    Map<String, String> shardOf = new LinkedHashMap<>();
    long total = 0;
    for (int i = 0; i < files.size(); i++) {
      String name = files.get(i).path().getFileName().toString();
      SafetensorsWriter.write(
          target.resolve(name), contents.get(i).tensors(), contents.get(i).metadata());
      for (Tensor t : contents.get(i).tensors()) {
        shardOf.put(t.name(), name);
        total += t.bytes();
      }
    }
    long size = total;
    AtomicFile.write(
        target.resolve(INDEX),
        StrictJson.write(
            json -> {
              json.setIndent("  ");
              json.beginObject().name("metadata").beginObject();
              json.name("total_size").value(size).endObject();
              json.name("weight_map").beginObject();
              for (Map.Entry<String, String> e : shardOf.entrySet()) {
                json.name(e.getKey()).value(e.getValue());
              }
              json.endObject().endObject();
            }));
  }

  /** The tensors and texts of one file. */
  public record Contents(List<Tensor> tensors, Map<String, String> metadata) {}
}
