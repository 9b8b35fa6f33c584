/**
 * Who wins (design §4), as one table, strongest first. Each rule sees what the weaker rules decided
 * and lets it stand or puts its own decision in its place. Pure; tested cell by cell.
 *
 * Ranks that have no rule yet (pinned, minimum times, demand, pressure, idle) come with what they
 * decide about; capacity is a gate of starts (`gates.ts`), not a wish.
 */
import { timeText } from "@mvm/core";
import type { Decision, RuleName, Wish } from "./plan.ts";
import { safetyRefusal } from "./refusals.ts";
import type { InstanceView } from "./views.ts";

export interface Rule {
  readonly name: RuleName;
  readonly decide: (view: InstanceView, weaker: Decision, nowMs: number) => Decision;
}

/** An explicit destroy is the operator's last word: it needs nothing and waits for no Hold. */
const destroy: Rule = {
  name: "destroy",
  decide: (view, weaker) =>
    view.instance.wanted === "destroyed" ? decision("destroy", "destroyed", "it is to be destroyed") : weaker,
};

/** What is unsafe does not start. What runs already is not stopped for it. */
const safety: Rule = {
  name: "safety",
  decide(view, weaker, nowMs) {
    const isUp = view.seen.state === "running" || view.seen.state === "starting";
    const refusal = weaker.wish === "running" && !isUp ? safetyRefusal(view, nowMs) : null;
    if (refusal === null) return weaker;
    const recheckAtMs = view.seen.refused?.refusal === refusal ? view.seen.refused.recheckAtMs : null;
    return { ...weaker, wish: "stopped", rule: "safety", refusal, untilMs: earliest(weaker.untilMs, recheckAtMs) };
  },
};

/** A person's word, until it ends. Hard or soft makes no difference before demand and policy are there to tell it. */
const hold: Rule = {
  name: "hold",
  decide(view, weaker, nowMs) {
    const { hold: held } = view.instance;
    if (held === null) return weaker;
    const untilMs = held.until === null ? null : Date.parse(held.until);
    if (untilMs !== null && untilMs <= nowMs) return weaker;
    const end = held.until === null ? "until it is released" : `until ${timeText(held.until)}`;
    return {
      ...decision("hold", held.wanted, `held ${held.wanted} by ${held.by} ${end}`),
      claimedBy: held.by,
      untilMs,
    };
  },
};

const counts: Rule = {
  name: "counts",
  decide(view) {
    const { number, wanted } = view.instance;
    const { running } = view.pool.desired_counts;
    return decision(
      "counts",
      wanted,
      `number ${number} of pool '${view.pool.pool_id}', which is to have ${running} running`,
    );
  },
};

export const precedence: readonly Rule[] = [destroy, safety, hold, counts];

/** What is wanted of the instance, by the strongest rule that has a say. */
export function decide(view: InstanceView, nowMs: number): Decision {
  const nothing = decision("counts", "stopped", "nobody wants it");
  return precedence.reduceRight((weaker, rule) => rule.decide(view, weaker, nowMs), nothing);
}

/** The earlier of two times; null: never. */
export function earliest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

function decision(rule: RuleName, wish: Wish, reason: string): Decision {
  return { wish, rule, reason, claimedBy: null, refusal: null, waitingFor: null, pending: null, untilMs: null };
}
