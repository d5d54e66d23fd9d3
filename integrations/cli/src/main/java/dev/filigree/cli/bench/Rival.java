package dev.filigree.cli.bench;

import dev.filigree.gate.Ratio;

/**
 * Another way to compute the operation in libtorch.
 *
 * @param name in results
 * @param micros median microseconds of one call
 * @param paired DJL dense in this process over it, round by round
 * @param bytes of its weights
 * @param errors against dense through DJL
 */
record Rival(String name, double micros, Ratio paired, long bytes, Errors errors) {}
