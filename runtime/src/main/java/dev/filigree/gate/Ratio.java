package dev.filigree.gate;

/**
 * How many times faster one side is than another, over the rounds of a paired measurement.
 *
 * @param median of the rounds' ratios
 * @param p10 their 10 % quantile
 * @param p90 their 90 % quantile
 * @param lower90 lower bound of the median with 90 % confidence, see {@link PairedTimer}; 0 where
 *     there were too few rounds
 * @param rounds how many rounds there were
 */
public record Ratio(double median, double p10, double p90, double lower90, int rounds) {}
