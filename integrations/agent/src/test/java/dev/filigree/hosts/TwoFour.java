package dev.filigree.hosts;

import dev.filigree.annotations.NMSparse;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** A house annotation. */
@Retention(RetentionPolicy.RUNTIME)
@NMSparse(n = 2, m = 4)
public @interface TwoFour {}
