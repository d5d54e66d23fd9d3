package dev.filigree.plan;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Settings that are not part of a declaration. Each is an agent argument {@code x.y=value}, a
 * system property {@code filigree.x.y} and an environment variable {@code FILIGREE_X_Y}, in this
 * order of precedence.
 */
public enum Setting {
  /** Switches everything off. */
  ENABLED("enabled", "true", "true", "false"),
  /** The file of a recipe, which stands above annotations, or {@code none}. */
  RECIPE("recipe", "none"),
  /** What pack does with each layer: measure, or always one way. */
  GATE("gate", "auto", "auto", "off", "always-sparse"),
  /**
   * The file that keeps what the gate measured, so that the same layer is not measured again;
   * {@code auto} is {@code filigree/gate.json} in the user's cache folder, {@code off} is none.
   */
  GATE_CACHE("gate.cache", "auto"),
  /** Whether a weight has one packed form, or one for each number of rows where that is faster. */
  MEMORY("memory", "small", "small", "speed"),
  /**
   * What pack may store weights in and multiply in: float32 only, or bfloat16 as well, which keeps
   * 8 of the 24 bits of a weight and so changes results a little.
   */
  PRECISION("precision", "f32", "f32", "bf16"),
  /** Which kernels run: the fastest usable, or the plain reference. */
  KERNELS("kernels", "auto", "auto", "reference"),
  /** Whether packed weights lie in huge pages where the system has them, see docs/agent.md. */
  HUGEPAGES("hugepages", "auto", "auto", "off"),
  /** Threads a packed operator may use; 0 means as many as libtorch or the machine has. */
  THREADS("threads", "0"),
  /** What to do when annotated classes meet a DJL without dispatch. */
  UNWOVEN("unwoven", "warn", "warn", "fail", "attach", "ignore"),
  /**
   * Forward passes of a packed layer between two sampled checks that its parameter was not edited
   * in place.
   */
  CHECK_EVERY("check.every", "1000"),
  /**
   * Planned optimizer steps, for schedules in fractions where nothing else says it; 0 means
   * unknown.
   */
  STEPS("steps", "0"),
  /** Only report what would be bound. */
  DRY_RUN("dry-run", "false", "true", "false");

  private static final String PREFIX = "filigree.";
  private final String key;
  private final String fallback;
  private final String legal;

  Setting(String key, String fallback, String... legal) {
    this.key = key;
    this.fallback = fallback;
    this.legal = String.join(", ", legal);
  }

  /** The key as an agent argument writes it. */
  public String key() {
    return key;
  }

  /** The name of the system property. */
  public String property() {
    return PREFIX + key;
  }

  /** The setting with that key, if there is one. */
  public static Optional<Setting> byKey(String key) {
    return Arrays.stream(values()).filter(s -> s.key.equals(key)).findFirst();
  }

  /** All keys, for messages. */
  public static String keys() {
    return String.join(", ", Arrays.stream(values()).map(Setting::key).toList());
  }

  /**
   * The value in force.
   *
   * @throws FiligreeException FIL-0213 where it is not one of the legal ones
   */
  public String get() {
    String value = System.getProperty(property());
    if (value == null) {
      value =
          System.getenv(property().toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_'));
    }
    if (value == null) {
      return fallback;
    }
    if (!legal.isEmpty() && !List.of(legal.split(", ")).contains(value)) {
      throw new FiligreeException(Message.FIL_0213, key, value, legal);
    }
    return value;
  }

  /**
   * Reads every setting, so that a program can say what is wrong before anything runs: kernels read
   * theirs where no message gets out.
   *
   * @throws FiligreeException FIL-0213 where one is not understood
   */
  public static void check() {
    for (Setting setting : values()) {
      if (setting.isNumber()) {
        setting.getInt();
      } else {
        setting.get();
      }
    }
  }

  /** Those whose default is one. */
  private boolean isNumber() {
    return fallback.chars().allMatch(Character::isDigit);
  }

  /** The recipe in force, if there is one. */
  public static Optional<String> recipe() {
    return Optional.of(RECIPE.get()).filter(file -> !file.equals(RECIPE.fallback));
  }

  /** Whether the value in force is {@code true}. */
  public boolean isTrue() {
    return Boolean.parseBoolean(get());
  }

  /**
   * The value in force as a whole number, at least 0.
   *
   * @throws FiligreeException FIL-0213 where it is not one
   */
  public int getInt() {
    String value = get();
    try {
      int n = Integer.parseInt(value);
      if (n >= 0) {
        return n;
      }
    } catch (NumberFormatException e) {
      throw new FiligreeException(e, Message.FIL_0213, key, value, "a whole number, 0 or more");
    }
    throw new FiligreeException(Message.FIL_0213, key, value, "a whole number, 0 or more");
  }
}
