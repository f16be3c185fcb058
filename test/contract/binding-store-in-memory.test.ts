/** What the simulation proves holds for the store because both databases keep the same contract. */
import '../support/use-memory';
import './binding-store.test';
