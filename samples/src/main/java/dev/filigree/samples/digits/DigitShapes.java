package dev.filigree.samples.digits;

import static dev.filigree.samples.digits.Stroke.arc;
import static dev.filigree.samples.digits.Stroke.line;

import java.util.List;

/** How people write the ten digits: one or more ways each, as strokes in a unit square. */
final class DigitShapes {
  private DigitShapes() {}

  /** For each digit its ways, for each way its strokes. */
  static final List<List<List<Stroke>>> WAYS =
      List.of(
          List.of(
              List.of(arc(.5, .5, .3, .42, -90, 270)), List.of(arc(.5, .5, .22, .42, -60, 300))),
          List.of(
              List.of(line(.5, .08, .5, .92)),
              List.of(line(.33, .27, .52, .08, .52, .92)),
              List.of(line(.33, .27, .52, .08, .52, .92), line(.3, .92, .74, .92))),
          List.of(
              List.of(arc(.5, .32, .27, .24, 190, 385).then(line(.24, .9, .8, .9))),
              List.of(
                  arc(.5, .3, .25, .22, 200, 400)
                      .then(arc(.36, .8, .12, .1, 260, 460))
                      .then(line(.3, .86, .82, .88)))),
          List.of(
              List.of(arc(.46, .3, .26, .22, 200, 450), arc(.46, .71, .29, .22, -90, 150)),
              List.of(line(.24, .1, .72, .1, .44, .42).then(arc(.46, .67, .28, .25, -90, 150)))),
          List.of(
              List.of(line(.62, .92, .62, .08, .2, .64, .82, .64)),
              List.of(line(.28, .1, .24, .56, .78, .56), line(.66, .1, .64, .92))),
          List.of(
              List.of(line(.74, .1, .32, .1, .28, .46).then(arc(.48, .66, .28, .25, -125, 140))),
              List.of(
                  line(.32, .12, .28, .46).then(arc(.48, .66, .28, .25, -125, 140)),
                  line(.3, .11, .76, .1))),
          List.of(
              List.of(
                  line(.66, .08, .46, .22, .32, .42, .26, .66)
                      .then(arc(.5, .68, .24, .23, 180, 540))),
              List.of(line(.5, .06, .34, .34, .28, .66).then(arc(.48, .72, .2, .19, 180, 540)))),
          List.of(
              List.of(line(.22, .12, .78, .12, .42, .92)),
              List.of(line(.22, .12, .78, .12, .42, .92), line(.36, .5, .7, .5)),
              List.of(line(.22, .24, .22, .12, .78, .12, .52, .92))),
          List.of(
              List.of(arc(.5, .29, .22, .2, 90, 450), arc(.5, .7, .27, .22, -90, 270)),
              List.of(
                  arc(.5, .29, .2, .2, 330, 450)
                      .then(arc(.5, .7, .24, .22, -90, 270))
                      .then(arc(.5, .29, .22, .2, 90, 330)))),
          List.of(
              List.of(arc(.5, .32, .24, .23, 0, 360).then(line(.74, .32, .7, .62, .6, .92))),
              List.of(arc(.5, .32, .24, .23, -40, 330), line(.74, .1, .73, .92)),
              List.of(arc(.5, .32, .24, .23, 0, 360).then(arc(.48, .5, .26, .41, 0, 130)))));
}
