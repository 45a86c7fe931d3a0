/** Named episodes of stress, drawn as bands for the eye to compare with. Dates are UTC days. */

export interface Episode {
  name: string;
  short: string;
  from: number;
  to: number;
}

const band = (name: string, short: string, from: string, to: string): Episode => ({
  name, short, from: Date.parse(from), to: Date.parse(to),
});

export const EPISODES: readonly Episode[] = [
  band("September 11 attacks", "9/11", "2001-09-11", "2001-10-31"),
  band("Lehman and the global financial crisis", "Lehman", "2008-09-15", "2009-03-31"),
  band("US debt ceiling and euro crisis", "Euro", "2011-08-01", "2011-12-15"),
  band("China devaluation", "China", "2015-08-18", "2015-10-05"),
  band("Volatility spike of February 2018", "Feb 2018", "2018-02-02", "2018-04-10"),
  band("Covid-19 crash", "Covid", "2020-02-24", "2020-05-15"),
  band("US regional banks", "Banks", "2023-03-08", "2023-05-05"),
];

/** Episodes that touch a span, for markets of real time. */
export function within(from: number, to: number): Episode[] {
  return EPISODES.filter((e) => e.to >= from && e.from <= to);
}
