/**
 * Results for people and programs: a {@link dev.filigree.report.Report} becomes one HTML file that
 * needs nothing else, any record becomes JSON. Knows nothing about models.
 */
package dev.filigree.report;
