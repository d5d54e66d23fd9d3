package dev.filigree.criterion;

import dev.filigree.mask.Mask;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * A pruned layer.
 *
 * @param name the layer's
 * @param mask what is kept
 * @param weights [rows][cols], the caller's own: +0.0 where removed; kept weights with their bits,
 *     or updated where the method updates them
 * @param updated whether kept weights were updated
 * @param warnings messages to show; empty where all went as asked
 */
public record Pruned(
    String name, Mask mask, FloatBuffer weights, boolean updated, List<String> warnings) {}
