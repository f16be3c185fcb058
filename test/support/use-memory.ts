/** To be imported before a contract suite that is to run on the database of the simulation. */
import { useMemory } from './contract-store';

useMemory();
