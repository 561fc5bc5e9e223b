/**
 * Tests only: each takes one rule out, so that a test can prove that the safety checkers of the simulation notice. The
 * place that holds the rule asks for it by this name.
 */
export type DeliberateBug =
  /** Section 5.4.2 of the paper, 3.6.2 of the thesis: the leader counts replicas of older terms' entries. */
  | 'commits-older-terms'
  /** Section 3.6.1: votes are given without looking at the candidate's log. */
  | 'ignores-log-in-votes'
  /** Section 3.4: a server may vote for a second candidate in the same term. */
  | 'votes-twice'
  /** Section 3.5: a follower appends without checking the entry before. */
  | 'skips-consistency-check'
  /** Section 3.5: a follower cuts its log at any append, also at a late one. */
  | 'truncates-always'
  /** Section 6.4: the leader answers reads without asking a quorum whether it still leads. */
  | 'reads-without-quorum'
  /** Section 10.2.1: what an earlier term wrote counts as on disk, though a write under way may take it off again. */
  | 'trusts-writes-of-earlier-terms'
